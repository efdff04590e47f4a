"""Pictures that are drawn here, as SVG: no library, nothing that runs or loads."""
