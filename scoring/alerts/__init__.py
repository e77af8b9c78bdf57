"""When to speak: rules over metrics, and the states of an alert."""
