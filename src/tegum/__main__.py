"""`python -m tegum`."""

from tegum.cli import main

raise SystemExit(main())
