"""`python -m lamarck` is the command line."""

from lamarck.interfaces.main import run

if __name__ == "__main__":
    run()
