"""What is done otherwise for a model of two graphs, which writes texts."""
