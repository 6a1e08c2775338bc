"""Events: pictures and films near in time and place, such as a journey or a party, with a name."""
