"""The Train page's parts: data, loss, settings, the list of runs, and a run as it trains."""
