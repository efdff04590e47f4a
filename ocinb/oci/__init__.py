"""What content is: frozen values. Raw bytes are the truth; what is parsed stands beside them."""
