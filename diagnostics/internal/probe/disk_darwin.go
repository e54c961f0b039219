package probe

func fixedDrive(string) bool { return true }
