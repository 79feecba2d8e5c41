"""What runs inside the sandboxes: the judge's side of a conversation, and the candidate's.

Standard library only, Python >= 3.11, relative imports only: the folder is bound into the sandboxes as a package of
another name, and nothing else of Lamarck is there. In reading order:

frames         length-prefixed messages over one socket, with deadlines
faults         how a conversation ends before its time
names          which names may travel, and which special methods stand-ins imitate
links          lists, dicts and other containers that change: the same on both sides
arrays         numpy's arrays and numbers
values         values as tagged JSON
described      what one side tells of its classes, functions and exceptions
handles        how a stand-in knows what it stands for
routines       stand-ins of functions and generators
mirrored       stand-ins of classes and instances
raised         stand-ins of exceptions
standins       all of them, made from descriptions
trusting       the candidate takes every answer as it comes
decoys         the judge does not: values like a given one, among which the right one is hidden
presented      what an object shows itself to be, before it knows what is expected
comparison     `==` that a candidate answers, cross-examined
examination    other operators, membership and instance checks, examined
awaiting       coroutines that run on the other side
permission     what the judge does for a candidate, and what it does not
conversation   the conversation: requests, answers, requests in between
operations     what one side does when the other asks
candidate      the candidate's process
surroundings   standard streams, warnings, log, environment and folder, the same on both sides
subclasses     a test's own subclasses of a candidate's classes
modules        imports of the candidate's modules in the judge
patches        what tests patch in modules that both sides have
evaluating     texts of a candidate's that a test may evaluate
guards         what tests may not do with what a candidate gave them
failure        why a test failed, in parts
behaviour      what calls do, without any expectation
session        pytest on one subject
judge          the judge's process: pytest once, then a fork for each subject
"""
