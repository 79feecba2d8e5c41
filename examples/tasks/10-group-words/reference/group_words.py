def group_words(words: list[str]) -> dict[str, list[str]]:
    """Words by their first letter as a capital, in the order in which they came."""
    groups: dict[str, list[str]] = {}
    for word in words:
        if word:
            groups.setdefault(word[0].upper(), []).append(word)
    return groups
