import time, sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent))
import pytest
import test_code_experiments as t
from tegum.plot import save_figure
@pytest.mark.parametrize("name", ["near-square","levels","dependence","capacity"])
def test_p(name, tmp_path):
    d=t.data_of(name); a=time.process_time()
    for p in t.EXPERIMENTS[name].plates(d):
        assert all(x.stat().st_size > 1000 for x in save_figure(p.figure, tmp_path / p.name))
    print("CPU",name,time.process_time()-a)
