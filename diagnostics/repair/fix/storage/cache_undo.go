package storage

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/repair"
)

const (
	// heldName is the old folder within its holding folder, newName the one that the program made meanwhile, which
	// an undo takes out of the way.
	heldName, newName = "old", "new"
	// heldFor is how long an old cache is kept.
	heldFor = 7 * 24 * time.Hour
)

// Undo puts the old folders back. What the program made in their place meanwhile is made again by itself, and
// goes. While the program is open it holds on to the new ones: then nothing is moved, and the user can try again.
func (c *cache) Undo(ctx context.Context, saved json.RawMessage) ([]diagnostics.Fact, int, error) {
	if len(saved) == 0 {
		return nil, 0, nil
	}
	s, err := c.read(saved)
	if err != nil {
		return nil, 0, err
	}
	if c.held(s) > 0 && c.isOpen(ctx, s) {
		return nil, c.held(s), repair.Because("still_open", nil)
	}
	left, back := 0, 0
	var problems []error
	for _, a := range s.Folders {
		if err := c.restoreFolder(a); err != nil {
			left++
			problems = append(problems, err)
			continue
		}
		back++
	}
	if left == 0 {
		// After all renames, because each of them changes the folder above it.
		for _, a := range s.Folders {
			_ = os.Chtimes(filepath.Join(a.Base, filepath.Dir(a.Dir)), a.Above, a.Above)
		}
	}
	return []diagnostics.Fact{diagnostics.Int("restored", int64(back), "")}, left, errors.Join(problems...)
}

func (c *cache) held(s reset) (n int) {
	for _, a := range s.Folders {
		if _, err := os.Lstat(filepath.Join(a.Base, a.Hold, heldName)); err == nil {
			n++
		}
	}
	return n
}

func (c *cache) restoreFolder(a aside) error {
	root, err := os.OpenRoot(a.Base)
	if err != nil {
		return err
	}
	defer root.Close()
	hold, err := openReal(root, a.Hold)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer hold.Close()
	if exists(hold, heldName) {
		if err := root.MkdirAll(filepath.Dir(a.Dir), 0o700); err != nil {
			return err
		}
		above, err := openReal(root, filepath.Dir(a.Dir))
		if err != nil {
			return err
		}
		defer above.Close()
		name := filepath.Base(a.Dir)
		if exists(above, name) {
			if err := removeTree(hold, newName); err != nil {
				return err
			}
			if err := renameNew(above, name, hold, newName); err != nil {
				return err
			}
			c.moved("restore")
		}
		if err := renameNew(hold, heldName, above, name); err != nil {
			return err
		}
		c.moved("restore")
		if err := errors.Join(syncRoot(above), syncRoot(hold)); err != nil {
			return err
		}
	}
	return dropTree(root, a.Hold)
}

// dropTree deletes a holding folder with what is left in it, and its parents when they are empty.
func dropTree(root *os.Root, dir string) error {
	parent, err := openReal(root, filepath.Dir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = removeTree(parent, filepath.Base(dir))
	parent.Close()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = root.Remove(filepath.Dir(dir)) // fails while other folders are held, which is as it should be
	_ = root.Remove(holdFolder)
	return nil
}

// Purge deletes the old folders a week after they were set aside, and says whether nothing is left to put back.
func (c *cache) Purge(_ context.Context, saved []byte, age time.Duration) (over bool) {
	s, err := c.read(saved)
	if err != nil || age < heldFor {
		return false
	}
	over = true
	for _, a := range s.Folders {
		root, err := os.OpenRoot(a.Base)
		if err != nil {
			return false
		}
		over = dropTree(root, a.Hold) == nil && over
		root.Close()
	}
	return over
}
