"""What an app developer drops into a project: a bundle, and what runs it there."""
