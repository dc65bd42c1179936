"""How fast translators' bundles are, beside CTranslate2 with the same weights."""
