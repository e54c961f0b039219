// Package assets holds everything that ships inside the programs: icons, texts, the core support pack, the
// report's template and the default settings. It imports nothing of ours.
package assets

import "embed"

// FS is the embedded tree: translations/<language>/<area>.yaml, packs/core/*.yaml, icons/*.png, ...
//
//go:embed all:translations all:packs all:icons all:schemas all:report
var FS embed.FS
