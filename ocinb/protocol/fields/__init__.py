"""What stands in the fields of HTTP messages: read strictly, within bounds."""
