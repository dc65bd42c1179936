"""The client for JavaScript beside transformers.js, in Node and in Chromium."""
