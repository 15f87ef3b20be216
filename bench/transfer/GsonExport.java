import com.google.gson.FieldNamingStrategy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.TypeAdapter;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.lang.reflect.Field;
import java.lang.reflect.Type;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the EMR connector does with an item, and as it does it: JSON to maps of AttributeValue objects, and those by Gson's
 * reflection to legacy lines; and back. No digest, no signature, no rate, no checkpoints.
 *
 *   java -cp gson.jar:. GsonExport export URL FILE FIRST COUNT    pages FIRST.. of a replay server to FILE
 *   java -cp gson.jar:. GsonExport parse FOLDER                   the lines of an export to items
 *   java -cp gson.jar:. GsonExport import FOLDER URL              the same, and by BatchWriteItem into table Replay
 *
 * Prints {"items":…,"bytes":…}: of the JSON that was read.
 */
public class GsonExport {
  /** As the SDK's class of that name: Gson sees its fields, and the connector's format is their names. */
  static class AttributeValue {
    String s;
    String n;
    ByteBuffer b;
    List<String> sS;
    List<String> nS;
    List<ByteBuffer> bS;
    Map<String, AttributeValue> m;
    List<AttributeValue> l;
    Boolean nULLValue;
    Boolean bOOL;
  }

  static class ScanResult {
    List<Map<String, AttributeValue>> items;
  }

  static class Bytes extends TypeAdapter<ByteBuffer> {
    @Override
    public ByteBuffer read(JsonReader in) throws IOException {
      return ByteBuffer.wrap(Base64.getDecoder().decode(in.nextString()));
    }

    @Override
    public void write(JsonWriter out, ByteBuffer bytes) throws IOException {
      if (bytes == null) {
        out.nullValue();
      } else {
        out.value(Base64.getEncoder().encodeToString(bytes.array()));
      }
    }
  }

  /** The wire's names: the first letter is a capital, NULL is NULL. */
  static class WireNames implements FieldNamingStrategy {
    @Override
    public String translateName(Field field) {
      String name = field.getName();
      if (field.getDeclaringClass() == ScanResult.class) return "Items";
      return name.equals("nULLValue") ? "NULL" : Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }
  }

  static final Type ITEM = new TypeToken<Map<String, AttributeValue>>() {}.getType();
  static final Gson LEGACY =
      new GsonBuilder().registerTypeHierarchyAdapter(ByteBuffer.class, new Bytes()).disableHtmlEscaping().create();
  static final Gson WIRE = new GsonBuilder().registerTypeHierarchyAdapter(ByteBuffer.class, new Bytes())
      .setFieldNamingStrategy(new WireNames()).disableHtmlEscaping().create();
  static final int BATCH = 25;

  static long items = 0;
  static long bytes = 0;

  public static void main(String[] args) throws IOException {
    switch (args[0]) {
      case "export":
        export(args[1], args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        break;
      case "parse":
        parse(args[1], null);
        break;
      case "import":
        parse(args[1], args[2]);
        break;
      default:
        throw new IllegalArgumentException(args[0]);
    }
    System.out.println("{\"items\":" + items + ",\"bytes\":" + bytes + "}");
  }

  static void export(String url, String file, int first, int count) throws IOException {
    try (Writer out = new BufferedWriter(
             new OutputStreamWriter(new FileOutputStream(file), StandardCharsets.UTF_8), 1 << 16)) {
      for (int page = first; page < first + count; ++page) {
        HttpURLConnection connection = (HttpURLConnection) new URL(url + "/page/" + page).openConnection();
        byte[] body;
        try (InputStream in = connection.getInputStream()) {
          body = in.readAllBytes();
        }
        bytes += body.length;
        ScanResult result = WIRE.fromJson(new String(body, StandardCharsets.UTF_8), ScanResult.class);
        for (Map<String, AttributeValue> item : result.items) {
          out.write(LEGACY.toJson(item, ITEM));
          out.write('\n');
          ++items;
        }
      }
    }
  }

  static void parse(String folder, String url) throws IOException {
    List<Path> files;
    try (Stream<Path> list = Files.list(Paths.get(folder))) {
      files = list.filter(path -> !path.getFileName().toString().matches("[_.].*|manifest")).sorted()
                  .collect(Collectors.toList());
    }
    List<Map<String, AttributeValue>> batch = new ArrayList<>();
    for (Path path : files) {
      bytes += Files.size(path);
      try (BufferedReader in = new BufferedReader(
               new InputStreamReader(new FileInputStream(path.toFile()), StandardCharsets.UTF_8), 1 << 16)) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          batch.add(LEGACY.fromJson(line, ITEM));
          ++items;
          if (batch.size() == BATCH) put(batch, url);
        }
      }
    }
    put(batch, url);
  }

  static void put(List<Map<String, AttributeValue>> batch, String url) throws IOException {
    if (url != null && !batch.isEmpty()) {
      List<Object> requests = new ArrayList<>();
      for (Map<String, AttributeValue> item : batch) requests.add(Map.of("PutRequest", Map.of("Item", item)));
      String body = WIRE.toJson(Map.of("RequestItems", Map.of("Replay", requests)));
      HttpURLConnection connection = (HttpURLConnection) new URL(url + "/").openConnection();
      connection.setDoOutput(true);
      connection.setRequestProperty("X-Amz-Target", "DynamoDB_20120810.BatchWriteItem");
      try (OutputStream out = connection.getOutputStream()) {
        out.write(body.getBytes(StandardCharsets.UTF_8));
      }
      try (InputStream in = connection.getInputStream()) {
        in.readAllBytes();
      }
    }
    batch.clear();
  }
}
