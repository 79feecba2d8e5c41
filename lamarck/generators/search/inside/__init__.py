"""What runs inside the sandbox of a search: tests, collected once, against many variants of the code they test.

Standard library and pytest only, relative imports only: the folder is bound into the sandbox as a package of another
name. What is told from here is a hint: variants run in the process that judges them. In reading order:

start       the script, and what a warm process has loaded before
functions   giving live functions the code of a variant
running     one test, without pytest's reports
tracing     which lines a test runs
forking     children with a time limit, and what they say
server      the conversation with the host
"""
