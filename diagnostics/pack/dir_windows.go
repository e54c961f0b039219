package pack

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// windowsFolder is an opened folder. It and all folders above it stay open, and nobody was let delete or rename
// them meanwhile: a path through them cannot be turned elsewhere.
type windowsFolder struct {
	f     *os.File
	path  string
	admin bool
	above []*os.File
}

// openAdmin opens a folder of the administrator's, from the volume on, part by part, and looks at each part's
// owner and access list on its handle. owner is of no use here: administrators are told by their SIDs.
func openAdmin(base, path string, _ int) (folder, error) {
	if filepath.VolumeName(path) != "" {
		base = filepath.VolumeName(path) + `\`
	}
	rest, err := filepath.Rel(base, path)
	if err != nil || strings.HasPrefix(rest, "..") {
		return nil, unreadableError(path, errors.New("is not below "+base))
	}
	parts := strings.Split(rest, `\`)
	d := &windowsFolder{path: base, admin: true}
	if d.f, err = openHandle(base); err != nil {
		return nil, err
	}
	if err := judge(d.f, true, true); err != nil {
		d.close()
		return nil, err
	}
	for i, part := range parts {
		f, err := openHandle(filepath.Join(d.path, part))
		if err == nil {
			if err = judge(f, true, i < len(parts)-1); err != nil {
				f.Close()
			}
		}
		if err != nil {
			d.close()
			return nil, err
		}
		d.above, d.f, d.path = append(d.above, d.f), f, filepath.Join(d.path, part)
	}
	return d, nil
}

func openAny(path string) (folder, error) {
	f, err := openHandle(path)
	if err != nil {
		return nil, err
	}
	return &windowsFolder{f: f, path: path}, nil
}

// openHandle opens a file or folder itself, not what a link leads to, and keeps others from deleting it.
func openHandle(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, unreadableError(path, err)
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE // and not to delete
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.READ_CONTROL, share, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	switch {
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_PATH_NOT_FOUND):
		return nil, os.ErrNotExist
	case err != nil:
		return nil, unreadableError(path, err)
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		windows.CloseHandle(h)
		return nil, unreadableError(path, err)
	}
	if info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		windows.CloseHandle(h)
		return nil, &distrust{notPlain, path}
	}
	return os.NewFile(uintptr(h), path), nil
}

// judge looks at who may write to what was opened, and whether it is what it should be.
func judge(f *os.File, folder, above bool) error {
	info, err := f.Stat()
	if err != nil {
		return unreadableError(f.Name(), err)
	}
	if info.IsDir() != folder {
		return &distrust{notPlain, f.Name()}
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return unreadableError(f.Name(), err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return unreadableError(f.Name(), err)
	}
	dacl, _, err := sd.DACL()
	hasList := err == nil && dacl != nil
	var list []grant
	if hasList {
		if list, err = grants(dacl); err != nil {
			return unreadableError(f.Name(), err)
		}
	}
	if !adminOnly(owner.String(), list, hasList, above) {
		return &distrust{notAdmins, f.Name()}
	}
	return nil
}

func grants(dacl *windows.ACL) ([]grant, error) {
	const denied = 1 // ACCESS_DENIED_ACE_TYPE, whose form is that of an allowing one
	var list []grant
	for i := range uint32(dacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(dacl, i, &ace); err != nil {
			return nil, err
		}
		g := grant{
			mask: uint32(ace.Mask), allows: ace.Header.AceType == windows.ACCESS_ALLOWED_ACE_TYPE,
			denies: ace.Header.AceType == denied, below: ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0,
		}
		if g.allows || g.denies {
			g.sid = (*windows.SID)(unsafe.Pointer(&ace.SidStart)).String()
		}
		list = append(list, g)
	}
	return list, nil
}

func (d *windowsFolder) close() {
	d.f.Close()
	for _, f := range d.above {
		f.Close()
	}
}

func (d *windowsFolder) names() ([]string, error) {
	names, err := d.f.Readdirnames(maxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadableError(d.path, err)
	}
	if len(names) > maxEntries {
		return nil, &distrust{tooLarge, d.path}
	}
	return sorted(names), nil
}

func (d *windowsFolder) open(name string) (folder, error) {
	f, err := openHandle(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.IsDir() {
		err = &distrust{notPlain, f.Name()}
	}
	if err == nil && d.admin {
		err = judge(f, true, false)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &windowsFolder{f: f, path: f.Name(), admin: d.admin}, nil
}

func (d *windowsFolder) read(name string, most int64) ([]byte, error) {
	f, err := openHandle(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if d.admin {
		if err := judge(f, false, false); err != nil {
			return nil, err
		}
	}
	return readPlain(f, most)
}
