from slugs import slugify


def test_words():
    assert slugify("Hello, World!") == "hello-world"
    assert slugify("  10 things   to know ") == "10-things-to-know"


def test_accents():
    assert slugify("Café crème à la carte") == "cafe-creme-a-la-carte"


def test_nothing_left():
    assert slugify("???") == ""
    assert slugify("") == ""


def test_length():
    assert slugify("one two three", 7) == "one-two"
    assert slugify("one two three", 8) == "one-two"
    assert slugify("one two three", max_length=9) == "one-two-t"
    assert len(slugify("a" * 100)) == 60
