package openurl

func openSettings(page string) error { return open(windowsPages[page], settingsPatience) }

func hasSettings(string) bool { return true }
