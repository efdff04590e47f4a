"""What two manifests, configs, histories or indexes say, side by side: values."""
