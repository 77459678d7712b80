"""Networks and functions as they are probed, their losses, and the data they are measured on."""
