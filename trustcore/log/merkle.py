"""The Merkle tree of RFC 6962, section 2.1: roots, inclusion and consistency proofs.

A leaf and a node are hashed with different prefixes, so that no entry can pose as a subtree.
A :class:`Frontier` is what an appender must remember: the roots of the perfect subtrees that
make up a tree of ``size`` leaves, largest (leftmost) first, at most 64 hashes.

>>> frontier = Frontier().append_many([leaf_hash(b"a"), leaf_hash(b"b")])
>>> frontier.root() == root_from_leaves([leaf_hash(b"a"), leaf_hash(b"b")])
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import bits_set, dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_TREE_SIZE = 2**63 - 1

NodeAt = Callable[[int, int], bytes]
"""``(level, index) -> hash`` of a perfect subtree of ``2**level`` leaves beginning at ``index << level``."""

_LEAF = hashlib.sha256(b"\x00")
_NODE = hashlib.sha256(b"\x01")


def leaf_hash(entry: bytes) -> bytes:
    """Hash a log entry: ``SHA-256(0x00 || entry)``.

    Source: RFC 6962, section 2.1.
    """
    digest = _LEAF.copy()
    digest.update(entry)
    return digest.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an interior node: ``SHA-256(0x01 || left || right)``.

    Source: RFC 6962, section 2.1.
    """
    digest = _NODE.copy()
    digest.update(left + right)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: enough to append to it and to name its root.

    Attributes:
        size: number of leaves.
        hashes: one root per set bit of ``size``, largest subtree first.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_TREE_SIZE or len(self.hashes) != bits_set(self.size):
            raise ValueError("a frontier holds one hash for each set bit of its size")
        if any(len(item) != HASH_BYTES for item in self.hashes):
            raise ValueError("a frontier holds SHA-256 hashes")

    def append_many(self, leaf_hashes: Sequence[bytes]) -> Frontier:
        """Append a batch of leaf hashes, folding level by level; return the new frontier."""
        sha256, size = hashlib.sha256, self.size + len(leaf_hashes)
        pending = list(self.hashes)
        row = list(leaf_hashes)
        edge: list[bytes] = []
        begin, level = self.size, 0
        while row or pending:
            if begin >> level & 1 and pending:
                row.insert(0, pending.pop())
                begin -= 1 << level
            if len(row) & 1:
                edge.append(row.pop())
            pairs = iter(row)
            row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]
            level += 1
        return Frontier(size, tuple(reversed(edge)))

    def root(self) -> bytes:
        """Return the root hash of the tree (the hash of nothing for an empty tree)."""
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        for item in reversed(rest):
            root = node_hash(item, root)
        return root


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Hash many entries; the same as :func:`leaf_hash` of each, in less time."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def perfect_levels(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hashes of every perfect subtree over ``leaf_hashes``, level by level from the leaves up.

    The first leaf must begin an aligned subtree that is at least as wide as the row.
    """
    sha256 = hashlib.sha256
    levels = [list(leaf_hashes)]
    while len(row := levels[-1]) > 1:
        pairs = iter(row)
        levels.append([sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)])
    return levels


def edge_of(levels: Sequence[Sequence[bytes]], width: int) -> tuple[bytes, ...]:
    """Return the right edge (as in :class:`Frontier`) of the first ``width`` leaves below ``levels``."""
    edge, begin = [], 0
    for level in reversed(range(width.bit_length())):
        if width >> level & 1:
            edge.append(levels[level][begin >> level])
            begin += 1 << level
    return tuple(edge)


def root_from_leaves(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over ``leaf_hashes``, in order."""
    return Frontier().append_many(leaf_hashes).root()


def inclusion_proof(index: int, size: int, node_at: NodeAt) -> list[bytes]:
    """Return the audit path of leaf ``index`` in the tree of ``size`` leaves, nearest sibling first.

    Raises:
        ValueError: ``index`` is not a leaf of that tree.
    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return _path(index, 0, size, node_at)


def consistency_proof(old_size: int, new_size: int, node_at: NodeAt) -> list[bytes]:
    """Return the proof that the tree of ``new_size`` extends the tree of ``old_size``.

    Raises:
        ValueError: the sizes do not describe an extension of a tree that is not empty.
    Source: RFC 6962, section 2.1.2.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"{new_size} leaves do not extend {old_size}")
    return [] if old_size == new_size else _subproof(old_size, 0, new_size, node_at, whole=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Verify that the leaf hash ``leaf`` stands at ``index`` in the tree of ``size`` leaves with ``root``.

    Raises:
        InvalidEvidence: ``INCLUSION_INVALID``.
    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise InvalidEvidence(InvalidReason.INCLUSION_INVALID, f"leaf {index} is not in a tree of {size}")
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise InvalidEvidence(InvalidReason.INCLUSION_INVALID, "the audit path is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or computed != root:
        raise InvalidEvidence(InvalidReason.INCLUSION_INVALID, f"leaf {index} does not lead to the root")


def verify_consistency(  # noqa: C901 - the numbered algorithm of the RFC, kept in one piece
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the tree with ``new_root`` extends the tree with ``old_root`` and changes nothing in it.

    Raises:
        InvalidEvidence: ``CONSISTENCY_INVALID``.
    Source: RFC 9162, section 2.1.4.2.
    """
    wrong = InvalidEvidence(
        InvalidReason.CONSISTENCY_INVALID, f"the tree of {new_size} does not extend the tree of {old_size}"
    )
    if not 0 <= old_size <= new_size:
        raise wrong
    if old_size in (0, new_size):
        if (
            proof
            or (old_size == new_size and old_root != new_root)
            or (not old_size and old_root != EMPTY_ROOT)
        ):
            raise wrong
        return
    path = list(proof)
    if bits_set(old_size) == 1:
        path.insert(0, old_root)
    if not path:
        raise wrong
    first, last = old_size - 1, new_size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_computed = new_computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise wrong
        if first & 1 or first == last:
            old_computed, new_computed = node_hash(sibling, old_computed), node_hash(sibling, new_computed)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_computed = node_hash(new_computed, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or old_computed != old_root or new_computed != new_root:
        raise wrong


def range_hash(begin: int, end: int, node_at: NodeAt) -> bytes:
    """Return the RFC 6962 hash of the leaves ``[begin, end)``, where ``begin`` starts an aligned subtree."""
    width = end - begin
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node_at(level, begin >> level)
    split = begin + _largest_power_below(width)
    return node_hash(range_hash(begin, split, node_at), range_hash(split, end, node_at))


def nodes_of(leaf_hashes: Sequence[bytes]) -> NodeAt:
    """Return a :data:`NodeAt` over leaf hashes held in memory (levels are computed once)."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def _path(index: int, begin: int, end: int, node_at: NodeAt) -> list[bytes]:
    if end - begin == 1:
        return []
    split = begin + _largest_power_below(end - begin)
    if index < split:
        return [*_path(index, begin, split, node_at), range_hash(split, end, node_at)]
    return [*_path(index, split, end, node_at), range_hash(begin, split, node_at)]


def _subproof(old_end: int, begin: int, end: int, node_at: NodeAt, *, whole: bool) -> list[bytes]:
    if old_end == end:
        return [] if whole else [range_hash(begin, end, node_at)]
    split = begin + _largest_power_below(end - begin)
    if old_end <= split:
        return [*_subproof(old_end, begin, split, node_at, whole=whole), range_hash(split, end, node_at)]
    return [
        *_subproof(old_end, split, end, node_at, whole=False),
        range_hash(begin, split, node_at),
    ]


def _largest_power_below(width: int) -> int:
    return 1 << (width - 1).bit_length() - 1
