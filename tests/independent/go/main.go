// Command verifylog verifies a log with Go's own packages (golang.org/x/mod/sumdb/note and tlog), knowing nothing of the
// program that wrote it.
//
//	verifylog log VKEY BASE INDEX...            checkpoint, tiles, entries and their proofs; BASE is a folder or an address
//	verifylog proof VKEY FILE [WITNESS-VKEY]    a .tlog-proof file, its checkpoint and a witness's cosignature
//	verifylog growth VKEY OLD NEW PROOF         two checkpoints and the consistency proof (base64 lines) between them
//
// It prints JSON and exits 0, or says on standard error what does not hold and exits 1.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// source reads a log's files from a folder or over HTTP.
type source struct{ base string }

func (s source) read(path string) ([]byte, error) {
	if !strings.HasPrefix(s.base, "http") {
		return os.ReadFile(filepath.Join(s.base, path))
	}
	answer, err := http.Get(s.base + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", path, answer.StatusCode)
	}
	return io.ReadAll(answer.Body)
}

func (s source) Height() int { return 8 }

// ReadTiles maps Go's tile/8/<level>/... onto tlog-tiles' tile/<level>/...
func (s source) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := s.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (s source) SaveTiles([]tlog.Tile, [][]byte) {}

// open verifies a checkpoint under the log's key and reads its tree.
func open(signed []byte, vkey string, witnesses ...note.Verifier) (tlog.Tree, *note.Note) {
	verifier, err := note.NewVerifier(vkey)
	check(err)
	opened, err := note.Open(signed, note.VerifierList(append(witnesses, verifier)...))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		log.Fatal("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}, opened
}

// entry cuts one entry out of its bundle.
func entry(from source, size, index int64) []byte {
	tile := tlog.TileForIndex(8, tlog.StoredHashIndex(0, index))
	if end := (tile.N + 1) << 8; end > size {
		tile.W = int(size - tile.N<<8)
	} else {
		tile.W = 256
	}
	bundle, err := from.read(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1))
	check(err)
	for skip := index % 256; ; skip-- {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			log.Fatal("the bundle is cut short")
		}
		length := 2 + int(binary.BigEndian.Uint16(bundle))
		if skip == 0 {
			return bundle[2:length]
		}
		bundle = bundle[length:]
	}
}

func verifyLog(vkey, base string, indexes []string) any {
	from := source{base}
	signed, err := from.read("checkpoint")
	check(err)
	tree, _ := open(signed, vkey)
	hashes := tlog.TileHashReader(tree, from)
	entries := map[string]string{}
	for _, text := range indexes {
		index, err := strconv.ParseInt(text, 10, 64)
		check(err)
		data := entry(from, tree.N, index)
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(data)))
		entries[text] = string(data)
	}
	return map[string]any{"size": tree.N, "entries": entries}
}

func verifyProof(vkey, path string, witnesses []string) any {
	data, err := os.ReadFile(path)
	check(err)
	head, signed, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatal("not a proof with its entry")
	}
	record, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	check(err)
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	check(err)
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		check(err)
		proof = append(proof, hash)
	}
	var known []note.Verifier
	for _, text := range witnesses {
		known = append(known, newWitness(text))
	}
	tree, opened := open(signed, vkey, known...)
	if len(opened.Sigs) != 1+len(known) {
		log.Fatal("a cosignature is missing")
	}
	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(record)))
	return map[string]any{"size": tree.N, "index": index, "entry": string(record), "signatures": len(opened.Sigs)}
}

func verifyGrowth(vkey, older, newer, proofPath string) any {
	var trees []tlog.Tree
	for _, path := range []string{older, newer} {
		signed, err := os.ReadFile(path)
		check(err)
		tree, _ := open(signed, vkey)
		trees = append(trees, tree)
	}
	lines, err := os.ReadFile(proofPath)
	check(err)
	var proof tlog.TreeProof
	for _, line := range strings.Fields(string(lines)) {
		hash, err := tlog.ParseHash(line)
		check(err)
		proof = append(proof, hash)
	}
	check(tlog.CheckTree(proof, trees[1].N, trees[1].Hash, trees[0].N, trees[0].Hash))
	return map[string]any{"old": trees[0].N, "new": trees[1].N}
}

// witness verifies C2SP cosignature/v1 lines, which sumdb/note does not know.
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) witness {
	parts := strings.SplitN(strings.TrimSpace(vkey), "+", 3)
	if len(parts) != 3 {
		log.Fatal("not a witness's key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	check(err)
	if len(key) != 33 || key[0] != 4 {
		log.Fatal("not a cosignature/v1 key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	return witness{parts[0], binary.BigEndian.Uint32(sum[:]), key[1:]}
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.id }
func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(w.key, []byte(message), signature[8:])
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 4 {
		log.Fatal("usage: verifylog log|proof|growth VKEY ...")
	}
	command, vkey, rest := os.Args[1], strings.TrimSpace(os.Args[2]), os.Args[3:]
	var answer any
	switch {
	case command == "log":
		answer = verifyLog(vkey, rest[0], rest[1:])
	case command == "proof":
		answer = verifyProof(vkey, rest[0], rest[1:])
	case command == "growth" && len(rest) == 3:
		answer = verifyGrowth(vkey, rest[0], rest[1], rest[2])
	default:
		log.Fatal("usage: verifylog log|proof|growth VKEY ...")
	}
	check(json.NewEncoder(os.Stdout).Encode(answer))
}
