"""Files of layers reached without fetching all of them."""
