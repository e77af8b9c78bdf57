"""What the market does: pure states per symbol, from trades, quotes and depth to bars, spreads and risk."""
