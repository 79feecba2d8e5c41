import unittest

from fill_template import MissingValue, Template


class NamesTest(unittest.TestCase):
    def test_in_order_and_once(self):
        template = Template("{{ b }} {{a}} {{b}}")
        self.assertEqual(template.names(), ["b", "a"])

    def test_none(self):
        self.assertEqual(Template("no gaps").names(), [])


class FillTest(unittest.TestCase):
    def test_fills_gaps(self):
        template = Template("Dear {{ name }}, you owe {{amount}} euros.")
        self.assertEqual(template.fill({"name": "Ada", "amount": 12}), "Dear Ada, you owe 12 euros.")

    def test_a_gap_that_appears_twice(self):
        self.assertEqual(Template("{{x}}-{{ x }}").fill({"x": 1}), "1-1")

    def test_without_gaps(self):
        self.assertEqual(Template("Hello").fill({}), "Hello")

    def test_single_braces_are_text(self):
        self.assertEqual(Template("{a} {{b}}").fill({"a": 1, "b": 2}), "{a} 2")

    def test_ignores_what_is_not_needed(self):
        self.assertEqual(Template("{{a}}").fill({"a": "x", "b": "y"}), "x")

    def test_does_not_fill_values(self):
        self.assertEqual(Template("{{a}} {{b}}").fill({"a": "{{b}}", "b": "c"}), "{{b}} c")

    def test_a_missing_value(self):
        with self.assertRaises(MissingValue) as caught:
            Template("{{a}} {{b_2}}").fill({"a": 1})
        self.assertEqual(caught.exception.name, "b_2")

    def test_fill_twice(self):
        template = Template("<{{v}}>")
        self.assertEqual(template.fill({"v": 1}), "<1>")
        self.assertEqual(template.fill({"v": 2}), "<2>")


if __name__ == "__main__":
    unittest.main()
