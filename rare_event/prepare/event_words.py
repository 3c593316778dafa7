"""Words for the start and the end of an event or an alarm, in names of columns and in cells."""

START_WORDS = frozenset(["start", "starts", "started", "begin", "begins", "began", "beginning", "beginn"])
START_WORDS |= {"onset", "from", "since", "von", "début", "debut", "inicio", "inizio", "on", "raised"}
END_WORDS = frozenset(["end", "ends", "ended", "ending", "ende", "stop", "stops", "stopped", "stopp", "bis"])
END_WORDS |= {"finish", "finished", "until", "till", "to", "fin", "fine", "hasta", "off", "cleared", "return"}
# States of an alarm in the journal of a control system.
RAISED, CLEARED = START_WORDS | {"alm", "act", "active"}, END_WORDS | {"rtn", "clr", "inactive", "normal"}
# Answers of a column that may say something else of an event than whether it is one.
PLAIN_ANSWERS = frozenset(["yes", "no", "true", "false", "none"])
