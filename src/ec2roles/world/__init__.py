"""When, in which order, under which id: the clock, timelines and the journal. It knows nothing of AWS's services."""
