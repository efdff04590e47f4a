"""Databases that rpm itself wrote, of two packages without files that its rpmbuild made for this.

rpm 4.18 wrote SQLITE and rpm 4.16 NDB; Berkeley DB 5.3 loaded the same headers into BERKELEY, as
rpm before 4.16 did, and rpm 4.18 reads the same packages from it. Each is compressed, in base64.
"""

from __future__ import annotations

import base64
import zlib

# As `rpm -qa --qf '%{NAME} %{EVR} %{ARCH} %{SIZE} %{LICENSE} %{SOURCERPM} %{SUMMARY}'` tells them.
TOLD = (
    "openssl-made 1:3.0.1-2.test noarch 0 Apache-2.0 openssl-made-3.0.1-2.test.src.rpm "
    "A package made for tests",
    "openssl-made-libs 1:3.0.1-2.test noarch 0 Apache-2.0 openssl-made-3.0.1-2.test.src.rpm "
    "Its second half",
)


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


_SQLITE = (
    "eNrt3X1sG+d9wPE7ktKJsmXasZSLYiumq6i0bEnm+8uWopFt2lUjU56soHHb1L0jjxJjilJE2XWKdoNUdMiWYRi2dgWGodjW"
    "Ft0fwzJgLTAEfRmwrq8oUHRdBgRdkQIr1jTb2m5AV6DLuuPdkXyek+R2f6yEtO8HEXnPy91z9/sdH+h4Z+X6r8zXNq1odW1j"
    "1diMppSjSiCgPBqNKooSsH8ySlfC/gkJZVX52QLKTFnta3WO/KRVHo/85Mji0MeGioe/ffjRQz849IbBbwyuhD8Znh94eeCs"
    "9mntav+H+s/2vdCnhT4cSgafDU4FvhoYU59RvvQzR9qafkjTT59Wtyc2DbNuXV8xEiuWUbE2ukunLi4WZ5eK0aXZC/PFaKzb"
    "EIueuWU9E40tFZ9YikVLC0vR0uPz81PRlcbt1ehcaal4pbgoVNcqd3epvbywWJy7Uoo+VrwRPdNaczK6WLxcXCyWLhavR2PX"
    "jPItY9lqxty2ya3TY5o+Oqpuj7n7W1terWTc14d8++lUtvfxwvzChV/YPk6fFGM612huGvX6Zq3SXRqT97Xb0Iv9ffJEv35+"
    "TH1vrVGx7l6qbTSMVat5s9V2095+u+Kkt8tzpUvFJ6KxHf1i0YVSt9rddnT2+sXJtz7Yr0/bZ6O8efsoxa2f2GPrXjf/xlsx"
    "am17Kzaq6WNj6vZpJ9TtDu33B+Uwd9bvwYn71AOanhlXt8JOGJY2asvLlrM3nQAKdaNyNHbr7UZEaBEivqxresoeq2/HWF44"
    "haoH9h5Kir00Uif88fs1fXxc3Y454Rf6CIu6nARxQz3IQ2NE03MT6taQE5sFs7lWtzYtKbRi5f1yeHbt7wZIbBJycWvYzvtE"
    "O+/S+l58xbqRewwnpUMerZOP1HFNn5hQtyedfIidxOVhOSPStnqRkvvElFxca1TrtfKmFGKx8rgco137u0ESm8SUHBNTIq3v"
    "xVisu+8ew0kpkUfrpuSomBKxk7h8TE6JtK1ezFYRcba6trF2p1aRT3qh7qgcod16uxESWsTZ6og4W4lre+EVqiJ7DyXlQhqp"
    "O1sNibOV0EdYPCInQtxQL/JwWMzDovX07dqGHFmhbkgOzm693egILWIeDol5ENf2QitUHd57KCkP0kjdPAyKeRD6CIuH5DyI"
    "G+pBHkrhfj2mq6tOaK5srN1ebx+nUxiUwyF1cAPhVAkheGhA03Vd3T7hhMBpdV7C8mG7q/XggE1N0xOn1C3VOeILRtOSf9vr"
    "1AzIh76zp3v8nXrhhHtHv/175ynv987uil7cOhXaXiNIARYG6AT5bJ+mnzqlbo87Qe706Cz0y8HubqIHAX9zqF+fGFFrTjBK"
    "wgeptdwnh6C043NWkj9gJ4KaPjKibo86B95qbP2E5MMt9eizdC3Qr587p95w9q35dN2+kL7ZtD/eVqPsLwalPfY1nmnlasou"
    "Ta6rzkXAVsqd173x2u8B34ze3h13XzvHc21x7urs4g3nKGYfX1qYK9nrXS2WlqbM+poZbV2QOcdsXzSfHh1qXaT33acMftB+"
    "AYD/155TAiHl91tfdJ6zp8bP2e9vtH80e/m0/X7U/qnYPwPdL0GD37Xf+70vTFvlV7xyxCt/zyuPeOVXvS9ST3rlf7Hfw/ZP"
    "1Cv/q1cueOV/8/q/3St/39veO73yD732ilf+kde+4pV/7G2v6ZVf89p/zSv/t1d+v1sODXvl3/LKune8f+6VH/DG+5T9E7QX"
    "R732L3rlB92yqnvlM+721Glv/cteOe2Vn3C3p17yyje89d/klU2v/1u8csUrv8MrW1657JWrXtk7/lDdKz/lld/t5lP9VTef"
    "x3/PG/933Pbjn/f6f8Ar/5O3P3/glb/j9f+mV37Fa3/ZLauq2x7wjs/5/rt1/uTd8dQhd/sB7/jUY175aS8fP/DW/4S3v/d7"
    "5b/yyste+VNeecUr/3WrfFFZW7cazWZ9etWoWEpqJj6TUJIzm1Zz0zlfZ6Pr7u8N0VZ764v/aKutqVyVijODs41K1Ig2rfKa"
    "vVCvNawZ5VbfCyt3Vt0Tf9bezIo1nZyJK483mutWuVatWRXF7nj7rtJYMzbKK9KeTDt7Mu3uyUxzozyzsb4q72vrYAbbP3Zr"
    "vWaeubi2ur5hNZtW5XLN/QWwOal4ba2aS7Xl1u526q4Zz9TXDKdz803GHfuC2KrW7k46cUhPJ5T0THYm7ry7r4m8fQB3VqOJ"
    "XCGTSeUyiaR7eAOJXxJ3WJleSEanl5Xyem1NWX53bd3+cLoHOV2xzJrRmHYP/E9+/Qt/U3n1P+987sepv/2H/OfPutu6vVmd"
    "zitGNVWwEuVEwaimc3nDquaMeMq0CnmrahQqBdMwksl81SxUCykrlU8nK9lKzkykjUQ6mzHSmYK7rWSqEk8nk2a6ahl291wu"
    "YeVzyVw6YZqpXDxXiJupciWeSeUto2qms4lkKmXlk3EznzYzOSPZ+qy4E9pPf/ra17wJzT59/vjZj7zrC/OPvO9rX/n6a+G5"
    "zz7/fLyQiScyuaxhWelKPJ+NJ4yCFU9V81kznkgn84WqaVZzlbhixI14PlM2M2krmU+Xq7mCWagkE+Vk3Mpa+US5kLMyVtZI"
    "GIlCOZMvZLLlcrkaT8VT6UrZzOZaH+bWeWW/vac1X7SWf3NFDSkfXPKm4D8TpuDw/3IKHvZNwQ/6puCHfVPwGd8UnPdNwY/6"
    "puBLvin4Tb4peN43Bb/FNwWXfVNwzTcFr/um4N/1TcEf9U3BfyFPwcpPfVPwiG8KPumbgqd8U3DcNwW/0TcFX/ZNwY/5puBr"
    "vil40TcFV31T8F3fFPwe3xS87ZuCP+ebgr/om4JP+qbgqG8Kjvum4Bu+KfgPfVPwH/mm4I/6puA/3TkF2zOD2dwxD7f6zW02"
    "2/PrilGvKlfXNuxJVvk/nmbd/WGq7dlU+xvf+sDY2778GXN48blPvHhVO/6dbN6wVy9X0/F8Mm3GK0aqkjJTmWq+Yhj5at5s"
    "DZeIV1JKOZ8zc7l8Kpsr5Cu5dMrMpFK5XDWXqSTyhWw1k8kW8jn7uOJV+y2biBtZw8gk8+VsJplKm1ljl6l2yLk3/++K/R8A"
    "AAAAADgwDqvBMbXzSIFz/z/yohJ5xX4BAAAAAAD7yLFAaEIdEJ/6CIyoofPhgR0Pggw61/8vKZGXIq8SNwAAAAAA9pujwQlV"
    "+gZgOHg+vOP6f8jpSrQAAAAAADjIBrn+BwAAAACA638AAAAAALDvuX//7x+VyPftFwAAAAAAsP8cDYTG1QHh/xsZiKih8bBY"
    "4/79v28rkR/aLwAAAAAAYH+KBMdV8RuAI8HxsFDm7/8BAAAAAHDw8e//AQAAAADg+h8AAAAAAOx/7t//e1GJvGK/AAAAAACA"
    "feRYIDShDqytW41msz69alSswIgaOh+WqqbrNbPp/v2/l5TIS5FXiRsAAAAAAPvN0eCEKn0DMBw8H97j+v9HSuS/7BcAAAAA"
    "AHCA9AVVNRAIBsNh/v4/AAAAAAAHH3//DwAAAAAArv8BAAAAAMD+x/P/AAAAAAAcfNz/BwAAAACA638AAAAAALD/8fw/AAAA"
    "AAAHH/f/AQAAAADg+h8AAAAAAOx/PP8PAAAAAMDBx/1/AAAAAAC4/gcAAAAAAPtf6/n/QORVJfIj+wUAAAAAAOx34UBoWB1Y"
    "eaHvVmBADQ2HnUX3+v/vlMj37BcAAAAAALBfjARCU+rAsx951xfmH3nf177y9dfCc599/vnAsBqaCg986wNjb/vyZ8zhxec+"
    "8eJV7fh33Ov/jyiRr9svAAAAAACgV6YDoSfVgXghE09kclnDstKVeD4bTxgFK56q5rNmPJFO5gtV06zmKvHAlBp6MjyQzRtm"
    "OluupuP5ZNqMV4xUJWWmMtV8xTDy1bxpmqlcIl5JDTrX/x9XIh+PfINQAwAAAADQU1PBJ9Wf+xuAc8Enwz/v9X/r/v9o8Fkl"
    "8tuRR458+Mji0MeGioe/ffjRQz849IbBbwyuhD8Znh94eeCs9mntav+H+s/2vdCnhT4cSgafDU4FvhoYU59RvqRUlLfvsd8D"
    "7pt2I3Fa3VJrjYp19/qKkVixjIq1cfOW9czNWkWoiV5cLM4uFaNzpUvFJ6KxnV1j0YWSWB87YzdEZ69fnNyafkjTT59Wtyc2"
    "DbNudbt0l055W1+avTBflLYSdTYTWyo+sRSLlhaWoqXH5+enoiuN26v2viwVrxQXhWp7P3apvbywWJy7Uoo+VrwRPdNaczK6"
    "WLxcXCyWLhavR2PXjPItY9lqxty2ya3TY5o+Oqpuj7n7W1terWTc14d8++lUtvfxwvzChV/YPk6fFGM612huGvX6Zq3SXRqT"
    "97Xb0Iv9ffJEv35+TH2vc55dqm00jFWrebPV1jp32hUn5ZNsRz/3HGtXu9t2TrG3PtivT9tnvLx578xsl0/ssXXpBO5uvHP6"
    "xkY1fWxM3T7thLrdof3+oBzmzvo9OHGfekDTM+PqVtgJw9JGbXnZcvamE0ChblSOxm693YgILULEl3VNT9lj9e0YywunUPXA"
    "3kNJsZdG6oQ/fr+mj4+r2zEn/EIfYVGXkyBuqAd5aIxoem5C3RpyYrNgNtfq1qYlhVasvF8Oz6793QCJTUIubg3beZ9o511a"
    "34uvWDdyj+GkdMijdfKROq7pExPq9qSTD7GTuDwsZ0TaVi9Scp+YkotrjWq9Vt6UQixWHpdjtGt/N0hik5iSY2JKpPW9GIt1"
    "991jOCkl8mjdlBwVUyJ2EpePySmRttWL2SoizlbXNtbu1CrySS/UHZUjtFtvN0JCizhbHRFnK3FtL7xCVWTvoaRcSCN1Z6sh"
    "cbYS+giLR+REiBvqRR4Oi3lYtJ6+XduQIyvUDcnB2a23Gx2hRczDITEP4tpeaIWqw3sPJeVBGqmbh0ExD0IfYfGQnAdxQz3I"
    "Qyncr8d0ddUJzZWNtdvr7eN0CoNyOKQObiCcKiEEDw1ouq6r2yecEDitzktYPmx3tR4csKlpeuJU++LjgtG05N/2OjUD8qHv"
    "7Okef6deOOHe0W//3nnK+72zu6IXt06FttcIUoCFATpBPtun6adOqdvjTpA7PToL/XKwu5voQcDfHOrXJ0bUmhOMkvBBai33"
    "ySEo7ficleQP2Imgpo+MqNujzoG3Gls/IflwSz36LF0L9Ovnzqk3nH1rPl2vbVo3m/bH22qU/cWgtMe+xjOtXE3Zpcl11bkI"
    "2Eq587o3Xvs94JvR27vj7mvneK4tzl2dXbzhHMXs40sLcyV7vavF0tKUWV8zo60Lss4xT7au//n7/wAAAAAAHGxDh76ijCrP"
    "K4fWDh0dfGf4U+HDAx/Xvqut9f9H/0Tfh/r6Q1eD3wyuBD4ZmFdfVh9Wno88e+Tvj9SPKEN/2ZPdbU5remFS3TrmPkpwe329"
    "bq1aDekmhlwb9z1SsOsq3mMFUpvwLVRhStMnJ9XtafdWvdRNLp333bqXt9iL793Pid+7X7+9bLfJd5iEuhl/rHb2bkeq0yJ+"
    "735W/N5dXLuTmU7V9N5D+XIijNT93n1S/N5d6CMsTvlT0d1QD/KwccY+cWPtE3fRKq+t2qdFxXcHRKg9578xsdsa7XsTQpuQ"
    "j7WYpudi7duR8hY6d0KEyrP3GtJ3N0QasZOX7Os1PRZTt89590OEXlJh0n9PRNxcLx7GOTKh6Vcy6ta096CB0WhWa3Vrc9en"
    "G3Y2nvE/e3CP9dtPIezsIqRu69DDml60d2hy7x3qPAKxy5Z+jv3xPRSx2+508vrYuD2LZNTtgvd0xM7Ou9W93v+8xC5j9CDZ"
    "736dpr/hnLo16oT28h5p8tVPyBG9fM/kXt4zr+86rem/bI89suvYXkp81Q/fe2gpj5f3TOEjUa11s2L7vJNCXz9f8XVy4i73"
    "PmflU5rOI4Q8QsgjhHs/Qqgo6nd5hPDgP0L4WLK/9RzW26TbzpvGZkJczux6w7nVcmbTrE/ZhzLVKk0+lRBTUWysGI2y/KSN"
    "UJeW47NbbzdAQouYiriYCnFtL7pCVWrvoaRUSCN1U3FeTIXQR1hMyqkQN9SDj8SdGfsXg8n2Lwa+q9TupZpYnbjnla3/gk2+"
    "tO3kpPXv/7n/DwAAAADAwcb1PwAAAAAABx///h8AAAAAgIOP+/8AAAAAAHD9DwAAAAAA9j+e/wcAAAAA4ODj/j8AAAAAAFz/"
    "AwAAAACA/Y/n/wEAAAAAOPi4/w8AAAAAANf/AAAAAABg/+P5fwAAAAAADj7u/wMAAAAAwPU/AAAAAADY/3j+HwAAAACAg4/7"
    "/wAAAAAAcP0PAAAAAAD2v9bz/2rknxX7PwAAAAAAsL/pamhk4njJWLVaPzdvWc/crFXuJqOJ/wGn0XLZ"
)
_NDB = (
    "eNrtmEuIHEUYgLsnu+YBQWU3RkMCI3jYqDNUdXV3VYkQ16zLBrO6bJBsVMSqrqqdMfNyerOucVFQFEUPojmJBx85eBDjIYJI"
    "SATXJOoleNCLiAcDxhgfFw3IulZP/0t2K7l4ED30QM0/X/1/vejuj5mZ7DQnPPtaY5sPceVrT6M9k/VnySngko1Tlu8HdusL"
    "LrjgggsuuOCCCy644IILLrjg/xff2ZB7fPjtr/p7Xbd4XuldG3fYttZ+Xm/jNVnatnUwzJav+cHGq2wrAZ8DHgT+EXgL8Hkb"
    "+2y7CfgnG7O5h4AvADPgn6H+DuBfYL4R4N8gPwb8O+R3A1+E+fYCL0I+Af4LuJ5z3yBwB3gznPcV4OthvcP53yR9N0D+feAt"
    "wEvAQ/l8/iYYPwq8FXgqn8+/FXhfPt5HwBLqdwAr4FFgDXw3sAGeAG4ATwIfzK+nb/LrOfAqrD+X5wdOQv088Pewn6eBz0L9"
    "AvA5yJ/O2ffzfAnO5/fD/VPO1/M35vOX4Hz+tcD74Hr8CuNfh/1eB/wG8DTwYeAa8DsZ7/TaHd1K00alKZSuNOoy9UgVVbEX"
    "VGd0unzP+7tm0nKqk3ZLlWuiYbzxdldXbWJ//0e12WZeNNwRSU1Xgiry7mulHZ3UTV0rr1FvHZjzWm3RTWqrV+stVMkXqqbd"
    "pNrtNK+wH7vpDcvNVti+oZ3tZqer01Sr0XpD3yOaOt3uQS7rGalP2zkv9U2Ixxtt0StOx8SsnuhqU5/b3jtqWMFeWI2rqBfz"
    "d8zsIWabZUx5FBEa4SA/4jp828pNe5V7g3Jl2ks69bY3fbDe8TgctKK0rItWJT/8W8+d+kSd/2N24SL59Gt28uZ8rgMzpsI8"
    "YQjXOMFcmJAyoQ0ViEjNmTaCKy6FCAJmJDecaMLCQMWKShwKHMaRCCOezxUQhcIgkKHRwpZTijWjAQ2xlIQiypEkiUIRYVoY"
    "GcY4IESzAEkWyoiKIHsmcnEtLS2eAXHZ2+SFbw9te+Dz43Jw8sWjX42vHTgbM2GHJyZELAglUoIoIklkmBKCGSaz5TBSxEsY"
    "lZQyElPOFA2JjAih1NBIYcZjE0UxZ9SeCxkbYoxELEQUsCSOAhLKWOT31mc2ZM9V7/PGC60nMtda996V+bcEEp2/5N+FFf69"
    "8R/692rHv5sc/251/Ft2/Msd/z7o+Pdhx7/K8W/N8W/q+Pcpx7/POv59yfHve45/jzn+Pb3av/5mx78Vx7+h498Rx79jjn/3"
    "Ov59yPFv4vi35vj3Ece/Tzr+fdnx7yHHv685/v3G8e93jn9Dx7/M8e+Y499HHf8edfz7oePfY45/P77cv5ep1x8uW6nuF9O6"
    "nOXLpt0tZ7nUG1+F1Q3D1sxiWdHWOtbO/66bvcLL/52X33z+7cdO7b79mTNffLm4fteJI0cQjxCOaCy0DhViMcKCa0QMiyXC"
    "YcC4kdJQhTyBBGJRIqNQByxMDOWSqwAnAdKxZjjhVEc6FlhgnkSMR3GSJAYRREKVyJiqK3h5+Ttx488Pts2Dn/8GvYyRpg=="
)
_BERKELEY = (
    "eNrtmF9oHEUcgGfvkjQtFJUktpYKJ/jQqnfM7uzuzIpQQ0tJsdFQkFosxZmdmdy1l9x5m8ZYSgVFUVSQWkRExD998EGsD30Q"
    "KSo0tkVfqg/6IiJixFq19sFakDTO3v5iLhN96EO14v5gb/ebmZ3Z2d2Zb/YQQshBWfCBHrQ8PegyW2+W1oOWRuGbFxG6hNAr"
    "q48f/HUgS3M66kmj22yfPlvdZafnkUceV1fYY7QLzRTRyt+LF4rni+Yojzzy+C9Hcefuw6mQ95sfp4DmfzrHf6HT7+hce/yb"
    "30Xpl+P/Qu7/PPK4GmeC1OgynQmcjvFf/NP9KX9XRMvMwa1mHL9l9hvMZriQfhxcm5698H2Qnlz8Hj4UYFYpngHuB/4BeA3w"
    "WWjoZuAfzT6tex3wT8AM+GcofyfwOahvE/B5yB8CvgD5W4EvQn3bgWchPwa+BFzLuKsfuAm8Cvp7EHg1tHc4u3FdN0D+O8Br"
    "gOeA12X1OQNw/mbgtcD3ZfU5twHvyM53MLCA8huAJfBmYAV8F7AGHgGuA28D3pc9T0dnz7PveWh/KsvvOwHl9wN/C9fzKPAM"
    "lJ8GPgP5pzJuv1gmvwD9c7rh/Sll7Tkrs/oL0D/nOuAd8Dx+gfNfhuu9HvhV4FHgw8BV4DdT3ogaTTWeJPXyGJeqXK+JBJEK"
    "rrjIq0yoZGL+vd0ykZQSFTfGZanK6xoNN1qqYjL2dL9XnRzLCg02eVxVZa+C0b3jSVPFNV1TEtVr43un0HiDt+Lq4tbaDZWz"
    "hipJK660mmN/cT3molfMb6aESVu3sTHWbKkkUXJzra7u5mMqWY8gL03ZVBs1dS6kjfCH6w3eLpwM8Uk10lK6NrW+3VW/7CK/"
    "ElZwe5/9usx0YnKs5NIoCAgNXG/R+r+rYw5w0AHHPK9e9/bO7qDyPV6pPIriZq2BRvfVmiiCW1CWStT4eDm7La8/cfK4PPvb"
    "5PRF8tEX7MQt7Sp7907oMkNck0i5sRtx7VPGlaYcE6EipjSPZCQ49zymRaQjogjzPRlKKlyfu34YcD+Isro8IrHvecLXipvi"
    "lLqKUY/6rhCEYhphQWKJA8IU18IPXY8QxTwsmC8Cyr10tGRT2tzc7GmY0swdeOqrQzfe//H7on/b00c/H17WNxMybk6PtY+Z"
    "5wssOZFEkEAzyTnTTKTNuVgSFDMqKGUkpBGT1CciIIRSTQPpsijUQRBGjJp+YW12oYt5yHngsTgMPOKLkMNbl67Q0scAx3nk"
    "8Y99/3ejhf/7Fvl/usP/N12m/6+x/D9g+X+t5f+S5f/I8v9Oy/8PWP6Xlv+rlv8Ty/+PWP5/3PL/M5b/37b8f8zy/6nF/ndW"
    "Wf4vW/73Lf9vsvw/ZPl/u+X/XZb/Y8v/Vcv/uy3/H7D8/5zl/0OW/1+y/P+l5f+vLf/7lv+Z5f8hy/8PWv4/avn/Xcv/xyz/"
    "f7jU/0vU7wyWjNT38FFVSvNLutEqpXkJGl6ElRWDZmXA55cIxm1mdXBl1wboX1gXzI//no45wEEvGP//7Yrh/7YueO3JNx46"
    "ufWOx05/8tns8i0fHDmCowC7AQ25Ur7ELMQujxQmmoUCu77HIi2EphIjjjlmQSwCX3nMjzWNRCQ9N/awChVz44iqQIXc5W4U"
    "BywKwjiONSaY+DIWIZX5uiCPKxx/ALgZAjg="
)

SQLITE, NDB, BERKELEY = _unpacked(_SQLITE), _unpacked(_NDB), _unpacked(_BERKELEY)
