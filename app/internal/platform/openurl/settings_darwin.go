package openurl

func openSettings(page string) error { return open(macPages[page], settingsPatience) }

func hasSettings(string) bool { return true }
