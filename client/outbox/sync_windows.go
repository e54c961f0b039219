package outbox

// syncDir does nothing: Windows has no fsync for directories, NTFS journals their entries itself.
func syncDir(string) error { return nil }
