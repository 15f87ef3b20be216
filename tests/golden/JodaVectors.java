// Prints joda_format.tsv or joda_parse.tsv from the real Joda-Time (Debian: libjoda-time-java):
//   java -cp /usr/share/java/joda-time.jar tests/golden/JodaVectors.java format > tests/golden/joda_format.tsv
//   java -cp /usr/share/java/joda-time.jar tests/golden/JodaVectors.java parse > tests/golden/joda_parse.tsv
import java.util.*;
import org.joda.time.*;
import org.joda.time.format.*;

public class JodaVectors {
  static final String[] PATTERNS = {
    "YYYY-MM-dd", "YYYY-MM-dd-HH-mm-ss", "YYYY-MM-dd HH:mm:ss", "YYYY-MM-dd hh:mm:ss",
    "YYYY-MM-dd_HHmmss", "YYYY-MM-dd HH-mm-ss", "YYYY/MM/dd", "YY-MM-DD HH:MM:SS",
    "YYYY-MM-dd-hh:mm", "xxxx-'W'ww-e", "EEEE, MMM d, yyyy h:mm a", "HH:mm:ss.SSS ZZ", "G C D",
    "K k h H", "KK kk hh HH", "YYYY-MM-dd'T'HH:mm:ssZ", "yyyyMMddHHmmssSSS", "yyyy''MM", "''", "'a''b'",
    "'open", "y.M.d", "yy/xx/YY", "yyyyy xxxxx YYYYY", "E EE EEE EEEE EEEEE", "M MM MMM MMMM MMMMM",
    "D DD DDD DDDD", "e ee", "w ww www", "a aa aaaa", "z zz zzz zzzz zzzzz", "Z ZZ ZZZ ZZZZ", "s ss sss",
    "S SS SSS SSSS SSSSS SSSSSS SSSSSSSSS", "SSSSSSSSSSSSSSSSSSSS", "G GG GGGG", "C CC CCC",
    "yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "d dd ddd", "m mm mmm", "'literal' yyyy 'more'", "[yyyy] {MM}", "é yyyy ☃",
    "-", "1234", "yyy", "xxx", "YYY", "Y", "x", "q", "", "b", "yyyyA", "AA", "L" };

  static String escape(String s) { return s.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n"); }

  static void format() {
    long[] times = {
      1306257000000L, 1735535229045L, 0L, -1L, 951782400000L, 1230768000000L, 1262304000000L, 1293839999999L,
      -62135596800000L, -62135596800001L, -62198755200000L, -93000000000000L, 253402300799999L, 1104537600000L,
      1136073600000L, 1709208000123L, 978307199001L, 1418515200500L, 1420070399999L };
    for (String pattern : PATTERNS) {
      for (long time : times) {
        String out;
        try {
          out = "=" + escape(DateTimeFormat.forPattern(pattern).withLocale(Locale.ENGLISH)
              .print(new DateTime(time, DateTimeZone.UTC)));
        } catch (IllegalArgumentException e) { out = "!"; }
        System.out.println(time + "\t" + escape(pattern) + "\t" + out);
      }
    }
  }

  static void parse() {
    String[][] cases = {
      {"YYYY-MM-dd", "2011-05-24"}, {"YYYY-MM-dd", "2011-5-4"}, {"YYYY-MM-dd", "2011-02-29"}, {"YYYY-MM-dd", "2012-02-29"},
      {"YYYY-MM-dd", "2011-13-01"}, {"YYYY-MM-dd", "2011-05-24x"}, {"YYYY-MM-dd", "x2011-05-24"}, {"YYYY-MM-dd", ""},
      {"YYYY-MM-dd HH:mm:ss", "2011-05-24 17:10:00"}, {"YYYY-MM-dd HH:mm:ss", "2011-05-24 24:10:00"},
      {"yyyyMMddHHmmss", "20110524171000"}, {"yyyyMMdd", "2011524"}, {"yyyy-MM-dd'T'HH:mm:ss.SSS", "2011-05-24T17:10:00.045"},
      {"yyyy-MM-dd'T'HH:mm:ss.SSS", "2011-05-24T17:10:00.5"}, {"yyyy-MM-dd'T'HH:mm:ssZ", "2011-05-24T17:10:00+0200"},
      {"yyyy-MM-dd'T'HH:mm:ssZZ", "2011-05-24T17:10:00-07:30"}, {"HH:mm", "17:10"}, {"h:mm a", "5:10 PM"}, {"h:mm a", "12:10 am"},
      {"K:mm a", "0:10 PM"}, {"k", "24"}, {"h", "13"}, {"EEEE, MMM d, yyyy", "Tuesday, May 24, 2011"}, {"MMM yyyy", "may 2011"},
      {"MMMM yyyy", "May 2011"}, {"MMM yyyy", "January 2011"}, {"xxxx-'W'ww-e", "2011-W21-2"}, {"xxxx-'W'ww-e", "2011-W53-1"},
      {"xxxx-'W'ww-e", "2009-W53-4"}, {"yyyy DDD", "2011 144"}, {"yyyy DDD", "2011 366"}, {"yyyy DDD", "2012 366"}, {"dd MM", "29 02"},
      {"yyyy", "-44"}, {"yyyy", "+2011"}, {"Y G", "44 BC"}, {"Y G", "2011 AD"}, {"yyyy''MM", "2011'05"}, {"mm:ss", "61:00"}, {"S", "5"} };
    for (String[] c : cases) {
      String out;
      try {
        out = Long.toString(DateTimeFormat.forPattern(c[0]).withLocale(Locale.ENGLISH).withZoneUTC().parseMillis(c[1]));
      } catch (IllegalArgumentException e) { out = "!"; }
      System.out.println(escape(c[0]) + "\t" + escape(c[1]) + "\t" + out);
    }
  }

  public static void main(String[] args) { if (args[0].equals("format")) format(); else parse(); }
}
