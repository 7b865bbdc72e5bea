// A stub of Unity's editor and Recorder that we wrote for the tests: only what clients/unity uses, and a pretend engine.
// Unity is not here. What is real in these tests is the package's C#, compiled; the client, the pictures on disk and the
// served deployment. What pretends is this file: the editor ticks, and a session of the Recorder writes one picture after
// another. Names and arguments are those of the published scripting reference (Unity 2021.3, Recorder 4.0).
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Threading;

namespace UnityEngine
{
    public class Object
    {
        public static T FindObjectOfType<T>() where T : Object
        {
            return Environment.GetEnvironmentVariable("STUB_NO_DIRECTOR") == null
                ? (T)(Object)new Playables.PlayableDirector() : null;
        }
    }

    public class ScriptableObject : Object
    {
        public static T CreateInstance<T>() where T : ScriptableObject, new()
        {
            return new T();
        }
    }

    public static class Application
    {
        public static string unityVersion = "2021.3.0-stub";
    }

    public static class Debug
    {
        public static void LogError(object message)
        {
            Console.WriteLine(message);
        }
    }
}

namespace UnityEngine.Playables
{
    public enum DirectorUpdateMode { DSPClock, GameTime, UnscaledGameTime, Manual }

    public class PlayableDirector : Object
    {
        public DirectorUpdateMode timeUpdateMode { get; set; }
        public double time { get; set; }

        public void Evaluate()
        {
            Console.WriteLine("stub: the timeline is at " + time.ToString("F3", CultureInfo.InvariantCulture));
        }

        public void Play()
        {
        }

        public void Pause()
        {
        }
    }
}

namespace UnityEditor
{
    [AttributeUsage(AttributeTargets.Method)]
    public class InitializeOnLoadMethodAttribute : Attribute
    {
    }

    public static class SessionState
    {
        static readonly Dictionary<string, bool> kept = new Dictionary<string, bool>();

        public static void SetBool(string key, bool value)
        {
            kept[key] = value;
        }

        public static bool GetBool(string key, bool otherwise)
        {
            bool value;
            return kept.TryGetValue(key, out value) ? value : otherwise;
        }
    }

    public static class EditorApplication
    {
        public delegate void CallbackFunction();

        public static CallbackFunction update;

        public static bool isPlaying { get; private set; }

        public static void EnterPlaymode()
        {
            isPlaying = true;
        }

        public static void Exit(int status)
        {
            Environment.Exit(status);
        }
    }
}

namespace UnityEditor.Recorder.Input
{
    public class ImageInputSettings
    {
        public int OutputWidth { get; set; }
        public int OutputHeight { get; set; }
    }

    public class GameViewInputSettings : ImageInputSettings
    {
    }
}

namespace UnityEditor.Recorder
{
    public static class DefaultWildcard
    {
        public static readonly string Frame = "<Frame>";
    }

    public abstract class RecorderSettings : UnityEngine.ScriptableObject
    {
        public bool Enabled { get; set; }
        public string OutputFile { get; set; }
    }

    public class ImageRecorderSettings : RecorderSettings
    {
        public enum ImageRecorderOutputFormat { PNG, JPEG, EXR }

        public ImageRecorderOutputFormat OutputFormat { get; set; }
        public Input.ImageInputSettings imageInputSettings { get; set; }
    }

    public class RecorderControllerSettings : UnityEngine.ScriptableObject
    {
        internal int First, Last;
        internal RecorderSettings Image;

        public float FrameRate { get; set; }
        public bool CapFrameRate { get; set; }

        public void AddRecorderSettings(RecorderSettings recorder)
        {
            Image = recorder;
        }

        public void SetRecordModeToFrameInterval(int startFrame, int endFrame)
        {
            First = startFrame;
            Last = endFrame;
        }
    }

    public class RecorderController
    {
        readonly RecorderControllerSettings settings;
        int next;
        bool isRecording;
        static RecorderController running;

        public RecorderController(RecorderControllerSettings settings)
        {
            this.settings = settings;
        }

        public void PrepareRecording()
        {
            next = settings.First;
        }

        public bool StartRecording()
        {
            isRecording = Environment.GetEnvironmentVariable("STUB_DEAF_RECORDER") == null;
            running = isRecording ? this : null;
            return isRecording;
        }

        public bool IsRecording()
        {
            return isRecording;
        }

        public void StopRecording()
        {
            isRecording = false;
            running = null;
        }

        internal static void StubFrame()
        {
            if (running == null)
            {
                return;
            }
            Thread.Sleep(int.Parse(Environment.GetEnvironmentVariable("STUB_MILLISECONDS") ?? "0"));
            var lost = Environment.GetEnvironmentVariable("STUB_LOST") == running.next.ToString();
            var place = running.settings.Image.OutputFile.Replace("<Frame>", running.next.ToString("D4")) + ".png";
            if (!lost)
            {
                File.Copy(Environment.GetEnvironmentVariable("STUB_PICTURE"), place);
                Console.WriteLine("stub: a picture");
            }
            running.next++;
            if (running.next > running.settings.Last)
            {
                running.StopRecording();
            }
        }
    }
}

public static class StubEditor
{
    // as -executeMethod: a static method by its full name; then the editor ticks until it is told to exit
    public static int Main(string[] arguments)
    {
        var name = arguments[0];
        var split = name.LastIndexOf('.');
        var kind = Assembly.GetExecutingAssembly().GetType(name.Substring(0, split), true);
        kind.GetMethod(name.Substring(split + 1), BindingFlags.Static | BindingFlags.Public).Invoke(null, null);
        var end = DateTime.UtcNow.AddSeconds(100);
        while (DateTime.UtcNow < end)
        {
            UnityEditor.Recorder.RecorderController.StubFrame();
            if (UnityEditor.EditorApplication.update != null)
            {
                UnityEditor.EditorApplication.update();
            }
            Thread.Sleep(2);
        }
        return 99;
    }
}
