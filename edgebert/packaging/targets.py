"""Where a package is dropped in, by the names users give; importing this loads nothing."""

WEB, NODE, TRANSFORMERS_JS = "web", "node", "transformers.js"
TARGETS = (WEB, NODE, TRANSFORMERS_JS)
