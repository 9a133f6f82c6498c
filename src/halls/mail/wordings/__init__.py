"""The wordings of all e-mails, one file for each language."""
