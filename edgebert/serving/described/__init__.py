"""What a server says of itself: an OpenAPI document, and that as a page."""
