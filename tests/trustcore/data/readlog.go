// Command readlog reads a log's static files with Go's own packages: readlog DIR VKEY INDEX...
// It verifies the checkpoint, then the tiles on the way to each leaf, and prints what it found.
package main

import (
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type reader struct{ dir string }

func (r reader) Height() int { return 8 }

// ReadTiles maps Go's tile/8/<level>/... onto tlog-tiles' tile/<level>/...
func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(r.dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	check(err)
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, reader{dir})
	leaves, proofs := map[string]string{}, map[string][]string{}
	for _, text := range os.Args[3:] {
		index, err := strconv.ParseInt(text, 10, 64)
		check(err)
		found, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		check(err)
		proof, err := tlog.ProveRecord(size, index, hashes)
		check(err)
		check(tlog.CheckRecord(proof, size, root, index, found[0]))
		leaves[text] = hex.EncodeToString(found[0][:])
		proofs[text] = []string{}
		for _, hash := range proof {
			proofs[text] = append(proofs[text], hex.EncodeToString(hash[:]))
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{"size": size, "leaves": leaves, "proofs": proofs}))
}
