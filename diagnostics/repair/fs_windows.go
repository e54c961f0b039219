package repair

import (
	"io/fs"
	"os"
)

func syncDir(string) error { return nil }

func syncFile(*os.File) error { return nil }

func device(fs.FileInfo) (uint64, bool) { return 0, false }

func onDisk(info fs.FileInfo) int64 { return info.Size() }
