"""What a person sees of a run: figures, the terminal and one HTML file."""
