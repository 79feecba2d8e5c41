import unittest

from rota.people import parse_people
from rota.plan import NobodyFree, make_plan


class PeopleTest(unittest.TestCase):
    def test_one_person(self):
        self.assertEqual(parse_people("Ada: Mon"), {"Ada": ["Mon"]})

    def test_several_people_and_days(self):
        self.assertEqual(parse_people("Ada: Mon, Tue\nBob: Tue"), {"Ada": ["Mon", "Tue"], "Bob": ["Tue"]})

    def test_spaces_and_empty_lines(self):
        self.assertEqual(parse_people("\n  Ada :Mon ,  Fri \n\n"), {"Ada": ["Mon", "Fri"]})

    def test_nobody(self):
        self.assertEqual(parse_people(""), {})


class PlanTest(unittest.TestCase):
    def test_only_one_can(self):
        people = {"Ada": ["Mon"], "Bob": ["Tue"]}
        self.assertEqual(make_plan(people, ["Mon", "Tue"]), {"Mon": "Ada", "Tue": "Bob"})

    def test_the_one_with_fewest_days(self):
        people = {"Ada": ["Mon", "Tue", "Wed"], "Bob": ["Tue", "Wed"]}
        self.assertEqual(make_plan(people, ["Mon", "Tue"]), {"Mon": "Ada", "Tue": "Bob"})

    def test_among_equals_the_first(self):
        people = {"Bob": ["Mon", "Tue"], "Ada": ["Mon", "Tue"]}
        self.assertEqual(make_plan(people, ["Mon", "Tue"]), {"Mon": "Bob", "Tue": "Ada"})

    def test_no_days(self):
        self.assertEqual(make_plan({"Ada": ["Mon"]}, []), {})

    def test_nobody_free(self):
        with self.assertRaises(NobodyFree) as caught:
            make_plan({"Ada": ["Mon"]}, ["Mon", "Sun"])
        self.assertEqual(caught.exception.day, "Sun")

    def test_together(self):
        people = parse_people("Ada: Mon, Tue, Wed\nBob: Mon, Wed\nCleo: Wed")
        self.assertEqual(make_plan(people, ["Mon", "Tue", "Wed"]), {"Mon": "Ada", "Tue": "Ada", "Wed": "Bob"})


if __name__ == "__main__":
    unittest.main()
