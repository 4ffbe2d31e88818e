"""Whether a text is Indonesian: the English words that are left in it."""

from __future__ import annotations

import re

ENGLISH = re.compile(
    r"\b(the|of|and|in|is|are|with|from|for|not|no|by|than|what|which|one|two|few|many|give|use|should|"
    r"calls?|time|until|better|worse|unclear|changes?|people|agency|agencies|incidents?|regency|mean|share|"
    r"within|minutes|seconds|hours?|year|week|days?|lines?|desk|fire|police|rescue|ambulance|difference|"
    r"replications|scenarios?|report|cost|answered|reached|needed|alerted|busy|simulated|saved|options|usage)\b",
    re.IGNORECASE,
)


def english_in(text: str) -> list[str]:
    """English words in an Indonesian text; names of keys, files and commands are no words."""
    told = re.sub(r'"[^"]*"', " ", text)
    told = re.sub(r"`[^`]*`|'[^']*'|\{[^}]*\}|<[^>]*>|--[\w-]+|\S*[=_/.]\S*|sim112 \w+|\w+ adalah", " ", told)
    return ENGLISH.findall(told)
