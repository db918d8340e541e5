"""The version of the statistics: one fingerprint of the rules by which tables are computed.

It is in every exported JSON and page, so that tables of older rules can be distinguished. A change
of a rule changes `RULES`, and with it the fingerprint.
"""

import hashlib
import json

from benchmark.statistics.bootstrap import RESAMPLES
from benchmark.statistics.candidates import ALPHA
from benchmark.statistics.intervals import CONFIDENCE, POWER
from benchmark.statistics.seed_noise import OUTLIER_LEVEL
from benchmark.statistics.two_part import DRAWS

VERSION = 3
RULES = {
    "intervals": f"Satterthwaite's t, subjects and seeds crossed and random, {CONFIDENCE:g}",
    "seeds": f"mean square pooled over a table without outliers (F, Rosner, {OUTLIER_LEVEL:g})",
    "degrees of freedom": "at most twice the square of those between seeds",
    "intervals with failures": f"Jeffreys' share and t of the rest, {DRAWS} draws",
    "group a": f"Hsu's candidates for the best, per table, {1 - ALPHA:g}",
    "ranks": f"bootstrap over subjects, normal seeds, {RESAMPLES} draws",
    "detectable gain": f"power {POWER:g}",
    "domain versus task": "mixed model or t over targets, the wider; without unlearned targets",
    "failed": "no overlap",
}
STATISTICS = f"{VERSION}-{hashlib.sha256(json.dumps(RULES).encode()).hexdigest()[:12]}"
