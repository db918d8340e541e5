"""Every limit and threshold of the checks of a submission."""

MAX_FILES = 50_000
MAX_BYTES = 2_000_000_000  # of all files, unpacked
MAX_MAPS_BYTES = 500_000_000  # of one file of label maps
MAX_TEXT_BYTES = 50_000_000  # of any other file
MAX_CHARACTERS = 200  # of a text in a record that the submitter writes freely

MIN_ROWS = 3  # with fewer informative rows two entries are not compared
MAX_EQUAL_SHARE = 0.5  # of the informative rows that two independent entries may have in common
LEAST_DICE = 0.5  # of both rows, where near copies are sought
MIN_CORRELATED = 8  # rows, for a correlation of scores
DOUBTFUL_CORRELATION = 0.997  # of the Dice of two entries; 0.996 is the highest on shipped boards
COPY_CORRELATION = 0.9995
NEAR_SHARE = 0.25  # of the error of a map, by which it differs from another entry's
MOST_COMPARED = 12  # rows of a record, compared with each accepted one
MAX_OPTIMISM = 0.3  # validation Dice above test Dice; beyond it a person should look

SCORE_TOLERANCE = 1.5e-6  # of a score computed again; scores in records have six digits
IOU_TOLERANCE = 1e-5  # of IoU = Dice / (2 - Dice)
RERUN_TOLERANCE = 0.02  # of the mean of a ratio in a re-run
RERUN_RELATIVE_TOLERANCE = 0.1  # of the mean of a metric with a unit in a re-run
