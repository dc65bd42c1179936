"""What the linear layers and tables of a graph become: their forms, written into the graph."""
