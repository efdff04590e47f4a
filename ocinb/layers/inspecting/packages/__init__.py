"""What is installed, as the databases of dpkg, apk and rpm say; none of their programs is run."""
