"""A bundle in the real LangChain, LlamaIndex, Haystack and Chroma, held to brute force."""
