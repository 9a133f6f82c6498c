"""Race tests over HTTP, each with a control: the same race without its guard, which must fail."""
