"""Every limit and threshold of the checks of a submission."""

MAX_FILES = 50_000
MAX_BYTES = 2_000_000_000  # of all files, unpacked
MAX_MAPS_BYTES = 500_000_000  # of one file of label maps
MAX_TEXT_BYTES = 50_000_000  # of any other file
MAX_CHARACTERS = 200  # of a text in a record that the submitter writes freely

MIN_ROWS = 3  # with fewer informative rows two entries are not compared
MAX_EQUAL_SHARE = 0.5  # of the informative rows that two independent entries may have in common
MAX_OPTIMISM = 0.3  # validation Dice above test Dice; beyond it a person should look

SCORE_TOLERANCE = 1.5e-6  # of a score computed again; scores in records have six digits
RERUN_TOLERANCE = 0.02  # of the mean of a ratio in a re-run
RERUN_RELATIVE_TOLERANCE = 0.1  # of the mean of a metric with a unit in a re-run
