"""Phase-space entropy of an acquisition: how much structure does a sampling mask destroy?"""

from jupyter_phys.core.instrument import Card, Task

CARD = Card(
    name="entropy",
    title="Phase-space entropy of an acquisition",
    tasks={
        "mask": Task(
            "how much joint position-frequency structure a sampling mask destroys, before any training",
            explore="explore:explore",
            drafts=True,
        )
    },
    references=(
        "Our ΔS_B, built after the abstract of: X.-C. Wang, J.-J. Zhang, N. Cheng, L.-G. Pang, T. Du, D. Meng, "
        "'Phase-space entropy at acquisition reflects downstream learnability', arXiv:2512.19223. Constants are ours.",
        "E. H. Lieb, 'Proof of an entropy conjecture of Wehrl', Commun. Math. Phys. 62, 35 (1978), "
        "doi:10.1007/BF01940328.",
    ),
    tutorial="10_entropy",
)
