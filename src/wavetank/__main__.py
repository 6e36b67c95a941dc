"""`python -m wavetank` is the command `wavetank`."""

from wavetank.cli.main import main

if __name__ == "__main__":
    main()
