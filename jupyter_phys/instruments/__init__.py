"""What is measured: one folder, one magic. Instruments never import one another."""
