import unittest

from fill_template import Filler, MissingValue


class NamesTest(unittest.TestCase):
    def test_in_order_and_once(self):
        self.assertEqual(Filler().names("{{ b }} {{a}} {{b}}"), ["b", "a"])

    def test_none(self):
        self.assertEqual(Filler().names("no gaps"), [])


class FillTest(unittest.TestCase):
    def test_fills_gaps(self):
        text = "Dear {{ name }}, you owe {{amount}} euros."
        self.assertEqual(Filler().fill(text, {"name": "Ada", "amount": 12}), "Dear Ada, you owe 12 euros.")

    def test_a_gap_that_appears_twice(self):
        self.assertEqual(Filler().fill("{{x}}-{{ x }}", {"x": 1}), "1-1")

    def test_without_gaps(self):
        self.assertEqual(Filler().fill("Hello", {}), "Hello")

    def test_single_braces_are_text(self):
        self.assertEqual(Filler().fill("{a} {{b}}", {"a": 1, "b": 2}), "{a} 2")

    def test_ignores_what_is_not_needed(self):
        self.assertEqual(Filler().fill("{{a}}", {"a": "x", "b": "y"}), "x")

    def test_does_not_fill_values(self):
        self.assertEqual(Filler().fill("{{a}} {{b}}", {"a": "{{b}}", "b": "c"}), "{{b}} c")

    def test_a_missing_value(self):
        with self.assertRaises(MissingValue) as caught:
            Filler().fill("{{a}} {{b_2}}", {"a": 1})
        self.assertEqual(caught.exception.name, "b_2")


class DefaultsTest(unittest.TestCase):
    def test_stand_in_for_missing_values(self):
        filler = Filler({"sender": "the shop", "name": "customer"})
        self.assertEqual(filler.fill("{{name}}: {{sender}}", {"name": "Ada"}), "Ada: the shop")
        self.assertEqual(filler.fill("{{name}}: {{sender}}", {}), "customer: the shop")

    def test_in_neither(self):
        with self.assertRaises(KeyError):
            Filler({"a": 1}).fill("{{b}}", {"c": 2})


if __name__ == "__main__":
    unittest.main()
