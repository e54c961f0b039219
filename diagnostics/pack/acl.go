package pack

// How Windows says who may write. The decision is plain data in and out, so that it is tested everywhere.

// grant is one entry of an access list.
type grant struct {
	sid  string
	mask uint32
	// allows and denies tell the two plain kinds of entries; any other kind is neither.
	allows, denies bool
	// below says that it counts for what will be made below only.
	below bool
}

// Those who may write to what an administrator owns: administrators, the system, Windows' own installer.
var admins = map[string]bool{
	"S-1-5-32-544": true,
	"S-1-5-18":     true,
	"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464": true,
}

// Rights by which a folder or file can be changed (winnt.h).
const (
	rightWrite       = 0x2 | 0x4 | 0x10 | 0x100 // data, append or make below, both kinds of attributes
	rightDeleteChild = 0x40
	rightDelete      = 0x10000
	rightDAC         = 0x40000
	rightOwner       = 0x80000
	rightAll         = 0x10000000
	rightAnyWrite    = 0x40000000

	// turns are the rights by which what lies in a folder can be turned into something else; whoever may only make
	// more beside it, as everybody may in %ProgramData%, cannot.
	turns = rightDeleteChild | rightDelete | rightDAC | rightOwner | rightAll
	// writes are those by which it can be changed at all.
	writes = turns | rightWrite | rightAnyWrite
)

// adminOnly tells whether a folder or file is an administrator's alone. above says that it is a folder on the
// way, in which others may make things of their own. hasList is false where there is no access list: then
// everybody may everything.
func adminOnly(owner string, list []grant, hasList, above bool) bool {
	if !hasList || !admins[owner] {
		return false
	}
	bad := uint32(writes)
	if above {
		bad = turns
	}
	for _, g := range list {
		if g.below || g.denies || admins[g.sid] {
			continue
		}
		if !g.allows || g.mask&bad != 0 {
			return false
		}
	}
	return true
}
