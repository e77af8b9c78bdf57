"""How the bundled starter model is made: from public texts, on a CPU, in minutes. Nothing here runs when the flow does."""
